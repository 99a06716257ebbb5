CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT)
-- --
INSERT INTO journal VALUES (1, 'x')
-- --
CREATE VIEW journal_view AS SELECT * FROM journal
-- --
CREATE TRIGGER journal_trigger INSTEAD OF INSERT ON journal_view BEGIN DELETE FROM orders; END
