"""Lists that departments deliver (部门筛查): rows are matched to families, and each row gets its outcome."""
