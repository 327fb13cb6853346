CREATE TABLE IF NOT EXISTS carts (
  id serial PRIMARY KEY,
  item text NOT NULL
);
