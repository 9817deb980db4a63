"""Files of sales: from the bytes of a CSV file to messages of the inbox."""
