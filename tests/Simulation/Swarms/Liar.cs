using System.Buffers.Binary;
using PouringRain.Protocol;

namespace Simulation.Swarms;

/// <summary>How a node of a swarm lies.</summary>
public enum Lie
{
    /// <summary>It rains wrong bytes for blocks that it claims.</summary>
    WrongBytes,

    /// <summary>It claims all blocks and sends none.</summary>
    SendsNothing,

    /// <summary>It names addresses that it made up.</summary>
    FalseNames,

    /// <summary>It says anything at all of what it holds.</summary>
    FalseWords,
}

/// <summary>Makes a server's datagrams into a liar's.</summary>
public sealed class Liar(Lie lie, SimRandom random)
{
    /// <summary>Where the addresses are that nobody has.</summary>
    public const uint InventedNetwork = 0x0B00_0000;

    /// <summary>Whether somebody has an address.</summary>
    public static bool IsInvented(PeerAddress peer) => !peer.IsIPv4 || ((uint)peer.Address.Low & 0xFF00_0000) != 0x0A00_0000;

    /// <summary>Has a server lie.</summary>
    public void Teach(SimServer server)
    {
        if (lie == Lie.SendsNothing)
        {
            server.Filter = static datagram => !WireFormat.Is(datagram, MessageType.Droplet);
        }
        else if (lie == Lie.FalseNames)
        {
            server.Tamper = Name;
        }
        else if (lie == Lie.FalseWords)
        {
            server.Tamper = Say;
        }
    }

    private void Name(Span<byte> datagram)
    {
        if (!PeersMessage.TryParse(datagram, out _, out var peers))
        {
            return;
        }

        for (var at = PeersMessage.FixedBytes; at < datagram.Length; at += PeersMessage.PeerBytes)
        {
            var peer = random.Below(8) switch
            {
                0 => PeerAddress.FromIPv4(0xE000_0001, 1980),
                1 => PeerAddress.FromIPv4(0x7F00_0001, 1980),
                2 => PeerAddress.FromIPv4(0x0A00_0001 + (uint)random.Below(16), (ushort)random.Pick(1980, 4000, 0, 7)),
                3 => new PeerAddress(new Bits128(random.Next(), random.Next()), 1980),
                _ => PeerAddress.FromIPv4(InventedNetwork + (uint)random.Below(300), 1980),
            };
            peer.Address.Write(datagram[at..]);
            BinaryPrimitives.WriteUInt16BigEndian(datagram[(at + 16)..], peer.Port);
        }

        BinaryPrimitives.WriteUInt32BigEndian(datagram[10..], (uint)random.Next());
    }

    /// <summary>Changes what it says of blocks, so that it can still be read.</summary>
    private void Say(Span<byte> datagram)
    {
        if (!HaveMessage.TryParse(datagram, out _, out _, out _, out _))
        {
            return;
        }

        datagram[26] ^= (byte)random.Pick(0, 1, 2, 4);
        if (random.Chance(300_000))
        {
            datagram[27 + (int)random.Below(8)] ^= (byte)(1 << (int)random.Below(8));
        }

        if (random.Chance(100_000))
        {
            BinaryPrimitives.WriteUInt32BigEndian(datagram[41..], random.Pick(0u, 1u, uint.MaxValue, uint.MaxValue - 3, 50u));
        }

        for (var i = HaveMessage.FixedBytes; i < datagram.Length; i++)
        {
            datagram[i] = random.Chance(300_000) ? (byte)random.Next() : datagram[i];
        }

        if (random.Chance(100_000))
        {
            BinaryPrimitives.WriteUInt16BigEndian(datagram[47..], random.Pick<ushort>(0, 1, 65_535));
        }
    }
}
