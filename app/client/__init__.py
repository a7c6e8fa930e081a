"""Typed client of the REST interface, for the console, the command and scripts.

Requests are values: functions of `calls`, `rule_calls`, `holding_calls` and `token_calls` make them, `Cloud.send`
(asyncio) and `SyncCloud.send` of `http` send them and return structs of `app.api`; `every` walks over all pages. What
goes wrong is a `ClientError` of `errors`: `Refused` carries the server's problem document. `stream.follow` keeps up
with changes, whatever is cut on the way; `contexts` knows the clouds that a person works with. `docs/rest.md` has
examples that run.
"""
