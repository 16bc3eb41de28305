"""The other side of Dynamo: what people do there that the API has no operations for, for use against the mock only."""
