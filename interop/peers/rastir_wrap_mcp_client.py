"""Rastir's `wrap_mcp` around a session of the Python SDK: context in the HTTP header."""

import asyncio

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from rastir import agent_span, configure, get_current_span, stop_exporter, wrap_mcp

from calls import CALLS, arguments, report


@agent_span(agent_name="weather_agent")
async def run(url: str, revision: str) -> None:
    async with httpx2.AsyncClient(timeout=20) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=revision) as client:
            session = wrap_mcp(client.session, http_client=http)
            for tool, given in CALLS:
                result = await session.call_tool(tool, given)
                trace_id = get_current_span().trace_id
                report(tool, trace_id, result.is_error, result.content[0].text)


args = arguments()
configure(service="my-agent", push_url=args.collector)
asyncio.run(run(args.url, args.revision))
stop_exporter()
