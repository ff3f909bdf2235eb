"""A LangGraph tool node on LangChain's MCP adapters (SDK 1), under Rastir's `langgraph_agent`.

Rastir writes the agent span's context into the headers of the connection, once per run.
"""

import asyncio

from langchain_core.messages import AIMessage
from langchain_mcp_adapters.client import MultiServerMCPClient
from langgraph.graph import MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from rastir import configure, get_current_span, langgraph_agent, stop_exporter

from calls import CALLS, arguments, report


@langgraph_agent(agent_name="weather_agent")
async def run(graph, client: MultiServerMCPClient) -> None:
    for number, (tool, given) in enumerate(CALLS):
        call = {"name": tool, "args": given, "id": f"call-{number}", "type": "tool_call"}
        state = await graph.ainvoke({"messages": [AIMessage("", tool_calls=[call])]})
        answer = state["messages"][-1]
        trace_id = get_current_span().trace_id
        report(tool, trace_id, answer.status == "error", str(answer.content))


async def main(url: str) -> None:
    client = MultiServerMCPClient({"weather": {"url": url, "transport": "streamable_http"}})
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode(await client.get_tools()))
    graph.set_entry_point("tools")
    graph.set_finish_point("tools")
    await run(graph.compile(), client)


args = arguments()
configure(service="my-agent", push_url=args.collector)
asyncio.run(main(args.url))
stop_exporter()
