"""What the REST interface says of itself: the OpenAPI document, and a page for people made from it."""
