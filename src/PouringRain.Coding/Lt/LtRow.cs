namespace PouringRain.Coding.Lt;

/// <summary>
/// Which source symbols a droplet is the sum of, in eight bytes. Up to <see cref="LtNeighbours.DenseSymbolCountMax"/> symbols: a bit for
/// each. Above: an arithmetic progression, start + i step modulo the prime, of so many terms below K.
/// </summary>
internal readonly record struct LtRow(ulong Bits)
{
    internal LtRow(int start, int step, int degree)
        : this((uint)start | ((ulong)(uint)step << 16) | ((ulong)(uint)degree << 32))
    {
    }

    internal int Start => (ushort)Bits;

    internal int Step => (ushort)(Bits >> 16);

    internal int Degree => (int)(Bits >> 32);
}
