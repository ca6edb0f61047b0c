"""The exchange: futures, the crowd, the closing auction, the clearing house."""
