"""LlamaIndex's MCP tools (SDK 2) under Rastir's `llamaindex_agent`, with the OpenTelemetry SDK.

So a call has two contexts: the SDK's in `_meta`, and Rastir's agent span in the header. Only the
OpenTelemetry spans are exported.
"""

import asyncio

from llama_index.tools.mcp import BasicMCPClient, McpToolSpec
from rastir import configure, llamaindex_agent, traceparent_headers

from calls import CALLS, arguments, report
from otel_sdk import agent, exporting


@llamaindex_agent(agent_name="rastir_agent")
async def run(client: BasicMCPClient, trace_id: str) -> None:
    header = traceparent_headers()["traceparent"]
    tools = {tool.metadata.name: tool for tool in await McpToolSpec(client).to_tool_list_async()}
    for name, given in CALLS:
        output = await tools[name].acall(**given)
        result = output.raw_output
        report(name, trace_id, result.is_error, result.content[0].text, header=header)


async def main(url: str) -> None:
    with agent("weather_agent") as trace_id:
        await run(BasicMCPClient(url), trace_id)


args = arguments()
configure(service="my-agent")
with exporting("my-agent", args.collector):
    asyncio.run(main(args.url))
