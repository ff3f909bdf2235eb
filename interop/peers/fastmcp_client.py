"""FastMCP's client with the OpenTelemetry SDK: context in `_meta`, two CLIENT spans per call."""

import asyncio

from fastmcp import Client

from calls import CALLS, arguments, report
from otel_sdk import agent, exporting


async def run(url: str) -> None:
    with agent("weather_agent") as trace_id:
        async with Client(url) as client:
            for tool, given in CALLS:
                result = await client.call_tool(tool, given, raise_on_error=False)
                report(tool, trace_id, result.is_error, result.content[0].text)


args = arguments()
with exporting("my-agent", args.collector):
    asyncio.run(run(args.url))
