"""The source: what Moment's records say, checked and typed; bytes in, values out, and nothing raised for any bytes."""
