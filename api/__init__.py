"""The thin HTTP and WebSocket backend of headway."""
