"""Published results on cycles of leverage, credit and investment."""
