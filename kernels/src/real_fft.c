#include "real_fft.h"

#include <math.h>

enum { N = REAL_FFT_SAMPLES, HALF = N / 2 }; // 160 complex values: five passes of radix 2, one of radix 5

static const double PI = 3.14159265358979323846;

typedef struct {
    float re[HALF];
    float im[HALF];
} halves;

void real_fft_init(real_fft *self)
{
    for (int n = 0; n < N; n++) {
        self->cosine[n] = (float)cos(2.0 * PI * n / N);
        self->sine[n] = (float)sin(2.0 * PI * n / N);
    }
}

// One pass of Stockham's transform, which needs no bit reversal: `length` is what is left to transform, in
// `stride` interleaved copies.
static void pass_of_two(const real_fft *self, const halves *in, halves *out, int length, int stride)
{
    const int half = length / 2;
    for (int p = 0; p < half; p++) {
        const float c = self->cosine[p * (N / length)], s = self->sine[p * (N / length)];
        for (int q = 0; q < stride; q++) {
            const int a = q + stride * p, b = a + stride * half, to = q + stride * 2 * p;
            const float re = in->re[a] - in->re[b], im = in->im[a] - in->im[b];
            out->re[to] = in->re[a] + in->re[b];
            out->im[to] = in->im[a] + in->im[b];
            out->re[to + stride] = re * c + im * s;
            out->im[to + stride] = im * c - re * s;
        }
    }
}

// The last pass, which has no factors between the copies.
static void pass_of_five(const real_fft *self, const halves *in, halves *out)
{
    enum { STRIDE = HALF / 5 };
    const float c1 = self->cosine[N / 5], c2 = self->cosine[2 * N / 5];
    const float s1 = self->sine[N / 5], s2 = self->sine[2 * N / 5];
    for (int q = 0; q < STRIDE; q++) {
        const float *re = in->re + q, *im = in->im + q;
        const float re14 = re[STRIDE] + re[4 * STRIDE], re23 = re[2 * STRIDE] + re[3 * STRIDE];
        const float im14 = im[STRIDE] + im[4 * STRIDE], im23 = im[2 * STRIDE] + im[3 * STRIDE];
        const float dre14 = re[STRIDE] - re[4 * STRIDE], dre23 = re[2 * STRIDE] - re[3 * STRIDE];
        const float dim14 = im[STRIDE] - im[4 * STRIDE], dim23 = im[2 * STRIDE] - im[3 * STRIDE];
        const float are = re[0] + c1 * re14 + c2 * re23, aim = im[0] + c1 * im14 + c2 * im23;
        const float bre = re[0] + c2 * re14 + c1 * re23, bim = im[0] + c2 * im14 + c1 * im23;
        const float cre = s1 * dim14 + s2 * dim23, cim = s1 * dre14 + s2 * dre23;
        const float ere = s2 * dim14 - s1 * dim23, eim = s2 * dre14 - s1 * dre23;
        out->re[q] = re[0] + re14 + re23;
        out->im[q] = im[0] + im14 + im23;
        out->re[q + STRIDE] = are + cre;
        out->im[q + STRIDE] = aim - cim;
        out->re[q + 2 * STRIDE] = bre + ere;
        out->im[q + 2 * STRIDE] = bim - eim;
        out->re[q + 3 * STRIDE] = bre - ere;
        out->im[q + 3 * STRIDE] = bim + eim;
        out->re[q + 4 * STRIDE] = are - cre;
        out->im[q + 4 * STRIDE] = aim + cim;
    }
}

// Leaves the answer in `b`; `a` is used up.
static void transform(const real_fft *self, halves *a, halves *b)
{
    pass_of_two(self, a, b, 160, 1);
    pass_of_two(self, b, a, 80, 2);
    pass_of_two(self, a, b, 40, 4);
    pass_of_two(self, b, a, 20, 8);
    pass_of_two(self, a, b, 10, 16);
    *a = *b;
    pass_of_five(self, a, b);
}

void real_fft_forward(const real_fft *self, const float *samples, spectrum *out)
{
    halves a, z;
    for (int n = 0; n < HALF; n++) {
        a.re[n] = samples[2 * n];
        a.im[n] = samples[2 * n + 1];
    }
    transform(self, &a, &z);
    for (int k = 0; k <= HALF; k++) {
        const int i = k % HALF, j = (HALF - k) % HALF;
        const float even_re = 0.5f * (z.re[i] + z.re[j]), even_im = 0.5f * (z.im[i] - z.im[j]);
        const float odd_re = 0.5f * (z.im[i] + z.im[j]), odd_im = 0.5f * (z.re[j] - z.re[i]);
        out->re[k] = even_re + self->cosine[k] * odd_re + self->sine[k] * odd_im;
        out->im[k] = even_im + self->cosine[k] * odd_im - self->sine[k] * odd_re;
    }
}

void real_fft_inverse(const real_fft *self, const spectrum *in, float *samples)
{
    halves a, z;
    for (int k = 0; k < HALF; k++) {
        const int j = HALF - k;
        const float even_re = in->re[k] + in->re[j], even_im = in->im[k] - in->im[j];
        const float re = in->re[k] - in->re[j], im = in->im[k] + in->im[j];
        const float odd_re = re * self->cosine[k] - im * self->sine[k];
        const float odd_im = re * self->sine[k] + im * self->cosine[k];
        // real and imaginary parts change places, here and below: the forward transform then goes backward
        a.im[k] = even_re - odd_im;
        a.re[k] = even_im + odd_re;
    }
    transform(self, &a, &z);
    for (int n = 0; n < HALF; n++) {
        samples[2 * n] = z.im[n] * (1.0f / N);
        samples[2 * n + 1] = z.re[n] * (1.0f / N);
    }
}
