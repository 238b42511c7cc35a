using System.Security.Cryptography;

namespace PouringRain.Network;

/// <summary>64 bits that nobody can guess: ids, and seeds of machines that choose at random.</summary>
public static class RandomNumber
{
    /// <summary>Draws one.</summary>
    public static ulong Draw() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
