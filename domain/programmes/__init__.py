"""Programme cases of civil affairs (特殊困难群体帮扶服务试点): the 3866 mechanism of Fujian, beside monitoring."""
