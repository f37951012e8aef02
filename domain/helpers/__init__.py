"""Those who help: people (帮扶责任人) and organisations (帮扶单位)."""
