"""How stores are asked: in their order, in bounded time and numbers, and again about those whom they proved."""
