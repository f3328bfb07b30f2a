#!/bin/sh
# What the step has of keys and agents, and what git says: Go tells less.
ls /root/.ssh
echo "agent socket: ${SSH_AUTH_SOCK:-none}"
ssh-add -l
git ls-remote https://git.example.test/team/greet.git HEAD
true
