"""Long work that somebody asked for, and how far it is (后台任务)."""
