CREATE TABLE IF NOT EXISTS invoices (
  id serial PRIMARY KEY,
  amount numeric NOT NULL
);
