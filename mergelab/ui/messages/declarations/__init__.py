"""The messages as the browser knows them: a JSON schema and TypeScript declarations."""
