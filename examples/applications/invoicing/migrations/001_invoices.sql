-- Every deploy runs this, and so does a move to another instance.
CREATE TABLE IF NOT EXISTS invoices (
  id serial PRIMARY KEY,
  amount numeric NOT NULL
);
