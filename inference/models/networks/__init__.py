"""Encoders, decoders and heads put together as the papers do; one file for each network."""
