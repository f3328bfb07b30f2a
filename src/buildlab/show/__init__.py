"""What is shown: pictures, tables, live views, questions, HTML; their libraries' only home."""
