"""A peer's own cloud client in front of a stand-in; runs in the Python that has the peers, for `cloud_peers.py`.

    PYTHON cloud_peer.py CLIENT PORT CA.pem VOICE.raw NUM_QUESTIONS PERIOD_S

Speaks a question into the client every PERIOD_S (the first after one), silence between, at the pace of a microphone.
Before each question, and after the last, prints a JSON line: how many bytes of sound came back since the one before,
and the exception that ended the client, if one did. The client is used as its documentation shows, detection of turns
left to the server; nothing is added that would mend it.
"""

import asyncio
import json
import logging
import os
import ssl
import sys
from pathlib import Path

FRAME_S = 0.02
KEY = "simulated"


class Counter:
    """Bytes of sound since it was asked last."""

    def __init__(self):
        self.num_bytes = 0

    def add(self, sound):
        self.num_bytes += len(sound)

    def take(self):
        num_bytes, self.num_bytes = self.num_bytes, 0
        return num_bytes


def gemini_options(port, authority):
    from google.genai import types

    context = ssl.create_default_context(cafile=authority)
    return types.HttpOptions(
        base_url=f"https://localhost:{port}", api_version="v1beta", async_client_args={"ssl": context}
    )


async def livekit(make_model, rate_hz, counter):
    """A session of a realtime model of livekit-agents; gives what takes sound."""
    from livekit import rtc

    session = make_model().session()
    waiting = set()

    async def listen(generation):
        async for message in generation.message_stream:
            async for frame in message.audio_stream:
                counter.add(bytes(frame.data))

    def on_generation(generation):
        task = asyncio.ensure_future(listen(generation))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    session.on("generation_created", on_generation)

    async def push(sound):
        session.push_audio(rtc.AudioFrame(sound, rate_hz, 1, len(sound) // 2))

    return push


async def pipecat(service, counter):
    """A pipeline of the service alone; gives what takes sound."""
    from pipecat.frames.frames import InputAudioRawFrame, LLMContextFrame, TTSAudioRawFrame
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.runner import PipelineRunner
    from pipecat.pipeline.task import PipelineTask
    from pipecat.processors.aggregators.llm_context import LLMContext
    from pipecat.processors.frame_processor import FrameProcessor

    class Ear(FrameProcessor):
        async def process_frame(self, frame, direction):
            await super().process_frame(frame, direction)
            if isinstance(frame, TTSAudioRawFrame):
                counter.add(frame.audio)
            await self.push_frame(frame, direction)

    task = PipelineTask(Pipeline([service, Ear()]), cancel_on_idle_timeout=False)
    running = asyncio.ensure_future(PipelineRunner(handle_sigint=False).run(task))
    await asyncio.sleep(0.5)
    await task.queue_frame(LLMContextFrame(LLMContext([])))

    async def push(sound):
        if running.done():
            raise RuntimeError("the pipeline has ended")
        await task.queue_frame(InputAudioRawFrame(sound, 16_000, 1))

    return push


async def open_client(name, port, authority, counter):
    if name == "livekit-gemini":
        from livekit.plugins.google.realtime import RealtimeModel

        options = gemini_options(port, authority)
        return await livekit(
            lambda: RealtimeModel(model="gemini-3.8-live", api_key=KEY, http_options=options), 16_000, counter
        )
    if name == "livekit-openai":
        import aiohttp
        from livekit.plugins.openai.realtime import RealtimeModel

        http = aiohttp.ClientSession()
        base_url = f"http://127.0.0.1:{port}/v1"
        return await livekit(lambda: RealtimeModel(base_url=base_url, api_key=KEY, http_session=http), 16_000, counter)
    if name == "pipecat-gemini":
        from pipecat.services.google.gemini_live.llm import GeminiLiveLLMService as Service

        settings = Service.Settings(model="models/gemini-3.8-live")
        return await pipecat(
            Service(
                api_key=KEY,
                http_options=gemini_options(port, authority),
                settings=settings,
                inference_on_context_initialization=False,
            ),
            counter,
        )
    from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService as Service

    return await pipecat(Service(api_key=KEY, base_url=f"ws://127.0.0.1:{port}/v1/realtime"), counter)


async def talk(name, port, authority, voice, num_questions, period_s):
    counter, error = Counter(), ""
    try:
        push = await open_client(name, port, authority, counter)
        await speak(push, b"", period_s)
        for _ in range(num_questions):
            print(json.dumps({"heard_bytes": counter.take(), "error": ""}), flush=True)
            await speak(push, voice, period_s)
    except Exception as failed:
        error = type(failed).__name__
    print(json.dumps({"heard_bytes": counter.take(), "error": error}), flush=True)
    os._exit(0)  # a client that waits for its server would not end by itself


async def speak(push, voice, period_s):
    num_frame_bytes = int(2 * 16_000 * FRAME_S)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for number in range(int(period_s / FRAME_S)):
        sound = voice[number * num_frame_bytes : (number + 1) * num_frame_bytes]
        await push(sound.ljust(num_frame_bytes, b"\0"))
        await asyncio.sleep(max(0.0, began_s + (number + 1) * FRAME_S - loop.time()))


def main():
    name, port, authority, voice, num_questions, period_s = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    sound = Path(voice).read_bytes()
    asyncio.run(talk(name, int(port), authority, sound, int(num_questions), float(period_s)))


if __name__ == "__main__":
    main()
