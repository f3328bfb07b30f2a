"""What a build was asked for: its flags, context, Dockerfile, secrets, and what docker sees."""
