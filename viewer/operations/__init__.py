"""One function per thing the reader can ask for. They change the session and start jobs; they never touch a widget."""
