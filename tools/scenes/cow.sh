# The tour, stopped where three processes share one page.
(yes '' | head -n 12; sleep 100000) | cow -w &
