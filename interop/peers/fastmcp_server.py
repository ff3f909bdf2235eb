"""A FastMCP server with the tools of the arms, traced by Rastir or by OpenTelemetry.

It prints `listening on URL` once it listens.
"""

import argparse
import asyncio
import socket

import uvicorn
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from rastir import configure, mcp_endpoint
from rastir.remote import RastirMCPMiddleware

from otel_sdk import exporting


async def get_weather(city: str) -> str:
    """Tells the weather."""
    return f"22°C, sunny in {city}"


async def fail() -> str:
    """Always fails."""
    raise ToolError("this tool always fails")


async def serve(app) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
        await serving


parser = argparse.ArgumentParser()
parser.add_argument("--tracing", choices=["rastir", "otel"], required=True)
parser.add_argument("--collector", required=True)
parser.add_argument("--mode", choices=["session", "stateless"], default="session")
args = parser.parse_args()

mcp = FastMCP("weather-server")
decorate = mcp_endpoint if args.tracing == "rastir" else lambda function: function
for function in (get_weather, fail):
    mcp.tool(decorate(function))
app = mcp.http_app(stateless_http=args.mode == "stateless")

if args.tracing == "rastir":
    configure(service="tool-server", push_url=args.collector, flush_interval=1)
    asyncio.run(serve(RastirMCPMiddleware(app)))
else:
    with exporting("tool-server", args.collector):
        asyncio.run(serve(app))
