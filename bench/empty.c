/* Does nothing; linked to the libraries of the program, it is the floor of a process start. */
int main(void)
{
    return 0;
}
