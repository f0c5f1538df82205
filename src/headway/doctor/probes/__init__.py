"""What is done to a program to learn about it; each fills a section of the evidence."""
