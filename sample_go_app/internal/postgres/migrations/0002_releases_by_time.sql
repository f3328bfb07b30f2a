CREATE INDEX releases_by_time ON releases (deployed_at DESC, service, environment);
