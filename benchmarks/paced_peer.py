"""One peer of `paced.py` on the very same sound, run by a Python that has it; prints what its process cost as JSON.

    PYTHON benchmarks/paced_peer.py pipecat|livekit-agents --seconds 120 room.wav

Each does what it does when it only listens: 10 ms of sound at a time to its Silero voice activity detection. Imports
nothing of this project.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

HOP_S = 0.01
WARM_UP_HOPS = 100

Hear = Callable[[bytes], Awaitable[None]]


class Cost:
    """CPU and memory of this process while it is fed; `num_spoken` proves that it heard something."""

    def __init__(self) -> None:
        self.cpu_percent = 0.0
        self.num_spoken = 0

    async def pace(self, hops: list[bytes], num_hops: int, hear: Hear) -> None:
        """Feed so many hops, each when a microphone would have it."""
        began_s = counted_s = time.monotonic()
        cpu_s = 0.0
        for number in range(WARM_UP_HOPS + num_hops):
            if number == WARM_UP_HOPS:
                counted_s, cpu_s = time.monotonic(), _cpu_s()
            await asyncio.sleep(max(0.0, began_s + (number + 1) * HOP_S - time.monotonic()))
            await hear(hops[number % len(hops)])
        self.cpu_percent = 100 * (_cpu_s() - cpu_s) / (time.monotonic() - counted_s)


async def pipecat(hops: list[bytes], num_hops: int, rate_hz: int) -> Cost:
    from loguru import logger

    logger.remove()
    from pipecat.audio.vad.silero import SileroVADAnalyzer
    from pipecat.frames.frames import Frame, InputAudioRawFrame, VADUserStartedSpeakingFrame
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.worker import PipelineParams, PipelineWorker
    from pipecat.processors.audio.vad_processor import VADProcessor
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
    from pipecat.workers.runner import WorkerRunner

    cost = Cost()

    class End(FrameProcessor):
        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            cost.num_spoken += isinstance(frame, VADUserStartedSpeakingFrame)
            await self.push_frame(frame, direction)

    worker = PipelineWorker(
        Pipeline([VADProcessor(vad_analyzer=SileroVADAnalyzer(sample_rate=rate_hz)), End()]),
        params=PipelineParams(audio_in_sample_rate=rate_hz),
        # only what listens: no turns, no remote control
        enable_turn_tracking=False,
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())

    async def hear(hop: bytes) -> None:
        await worker.queue_frame(InputAudioRawFrame(audio=hop, sample_rate=rate_hz, num_channels=1))

    await cost.pace(hops, num_hops, hear)
    await worker.cancel()
    await running
    return cost


async def livekit(hops: list[bytes], num_hops: int, rate_hz: int) -> Cost:
    from livekit import rtc
    from livekit.agents.vad import VADEventType
    from livekit.plugins import silero

    cost = Cost()
    stream = silero.VAD.load().stream()

    async def listen() -> None:
        async for event in stream:
            cost.num_spoken += event.type == VADEventType.START_OF_SPEECH

    listening = asyncio.create_task(listen())

    async def hear(hop: bytes) -> None:
        stream.push_frame(rtc.AudioFrame(hop, rate_hz, 1, len(hop) // 2))

    await cost.pace(hops, num_hops, hear)
    await stream.aclose()
    listening.cancel()
    return cost


PEERS = {"pipecat": pipecat, "livekit-agents": livekit}


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("sound", help="mono WAV of 16 bits")
    options = parser.parse_args()
    with wave.open(options.sound) as file:
        rate_hz = file.getframerate()
        hop_samples = round(rate_hz * HOP_S)
        hops = [file.readframes(hop_samples) for _ in range(file.getnframes() // hop_samples)]
    cost = asyncio.run(PEERS[options.peer](hops, round(options.seconds / HOP_S), rate_hz))
    figures = {
        "cpu_percent_of_one_core": round(cost.cpu_percent, 2),
        "resident_mb": _resident_mb(),
        "num_spoken": cost.num_spoken,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
