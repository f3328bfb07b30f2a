"""Servers that a build talks to: a module proxy with password and TLS, git over ssh, an agent.

Each is a context manager: it is up when the block begins, gone when it ends, and gone too when
this process is killed. On this machine they listen on loopback only.
"""
