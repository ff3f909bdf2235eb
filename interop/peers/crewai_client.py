"""The MCP tools of a CrewAI agent with an `MCPServerHTTP` (SDK 1), under Rastir's `crew_kickoff`.

Rastir writes the agent span's context into the headers of the server, once per run. No crew: there
CrewAI 1.15.30 runs tools where no loop runs, and loses their answers as it disconnects.
"""

import asyncio

from crewai import Agent, BaseLLM
from crewai.mcp import MCPServerHTTP
from crewai.tools.tool_failure import ToolFailure
from rastir import configure, crew_kickoff, get_current_span, stop_exporter

from calls import CALLS, arguments, report


class NoModel(BaseLLM):
    """An agent has a model; these tools are called without asking it."""

    def call(self, *_, **__) -> str:
        raise NotImplementedError


@crew_kickoff(agent_name="weather_agent")
async def run(server: MCPServerHTTP) -> None:
    agent = Agent(
        role="meteorologist", goal="weather", backstory="-", llm=NoModel(model="none"), mcps=[server]
    )
    tools = {tool.original_tool_name: tool for tool in agent.get_mcp_tools(agent.mcps)}
    for tool, given in CALLS:
        # In a thread of its own, with a copy of this context.
        answer = tools[tool].run(**given)
        trace_id = get_current_span().trace_id
        report(tool, trace_id, isinstance(answer, ToolFailure), str(answer))


args = arguments()
configure(service="my-agent", push_url=args.collector)
asyncio.run(run(MCPServerHTTP(url=args.url)))
stop_exporter()
