CREATE TABLE releases (
    id          uuid        PRIMARY KEY,
    service     text        NOT NULL,
    environment text        NOT NULL,
    version     text        NOT NULL,
    author      text        NOT NULL,
    deployed_at timestamptz NOT NULL
);
