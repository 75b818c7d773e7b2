"""Reading and checking a wheel safely, before anything of it is believed. See README.md beside this file."""
