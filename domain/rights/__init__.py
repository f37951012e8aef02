"""Rights of those whose data it is (个人信息权利): to be told, to be erased, and to be forgotten when the time is over."""
