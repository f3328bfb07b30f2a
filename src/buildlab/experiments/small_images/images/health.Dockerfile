
FROM stripped AS health-exec
HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD ["/server", "-healthcheck"]

FROM stripped AS health-shell
HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD /server -healthcheck || exit 1

FROM debian AS health-shell-debian
HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD /server -healthcheck || exit 1

FROM debian AS health-curl-debian
HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD curl -fsS http://127.0.0.1:8080/healthz
