"""The console in a browser, behind a login: one process of the console a visitor, drawn by xterm.js in the page."""
