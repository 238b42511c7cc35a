using System.Buffers.Binary;

namespace PouringRain.Protocol.Classic;

/// <summary>
/// Wire format 1, of 2012. Little-endian; SUBSCRIBE and UNSUBSCRIBE are (type, resource), PROPAGATE is (type, resource, port of the
/// sender's rain server), a droplet is (resource, key, data length, value length, value): every number 64 bits. A resource is
/// always cut into 64 symbols of floor(length / 64) + 1 bytes, the last ones padded with zeros; bit i of a droplet's key says
/// that symbol i is part of the XOR in its value.
/// </summary>
public static class ClassicFormat
{
    /// <summary>Source symbols of every resource.</summary>
    public const int SymbolCount = 64;

    /// <summary>Bytes of a droplet before its value.</summary>
    public const int DropletHeaderBytes = 32;

    /// <summary>The largest symbol: what one IPv4 datagram carries beside the header.</summary>
    public const int SymbolSizeMax = 65_507 - DropletHeaderBytes;

    /// <summary>The longest resource, about 4 MB: 64 symbols, and one byte that the cutting always leaves free.</summary>
    public const int LengthMax = (SymbolCount * SymbolSizeMax) - 1;

    /// <summary>Bytes of SUBSCRIBE and UNSUBSCRIBE.</summary>
    public const int SubscribeBytes = 16;

    /// <summary>Bytes of PROPAGATE.</summary>
    public const int PropagateBytes = 24;

    /// <summary>Bytes of a symbol of a resource of <paramref name="length"/> bytes, 0 to <see cref="LengthMax"/>.</summary>
    public static int SymbolSizeOf(int length) => (length / SymbolCount) + 1;

    /// <summary>Reads a message to a server; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out ClassicMessage message)
    {
        message = default;
        if (datagram.Length is not (SubscribeBytes or PropagateBytes))
        {
            return false;
        }

        var type = BinaryPrimitives.ReadUInt64LittleEndian(datagram);
        var resource = new ResourceId(BinaryPrimitives.ReadUInt64LittleEndian(datagram[8..]));
        if (datagram.Length == SubscribeBytes)
        {
            message = new ClassicMessage((ClassicMessageType)type, resource, 0);
            return type is (ulong)ClassicMessageType.Subscribe or (ulong)ClassicMessageType.Unsubscribe;
        }

        var port = BinaryPrimitives.ReadUInt64LittleEndian(datagram[16..]);
        message = new ClassicMessage(ClassicMessageType.Propagate, resource, (ushort)port);
        return type == (ulong)ClassicMessageType.Propagate && port is > 0 and <= ushort.MaxValue;
    }

    /// <summary>Writes a message to a server.</summary>
    /// <returns>Its bytes, 16 or 24.</returns>
    public static int Write(ClassicMessage message, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, (ulong)message.Type);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], message.Resource.Value);
        if (message.Type != ClassicMessageType.Propagate)
        {
            return SubscribeBytes;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], message.RainPort);
        return PropagateBytes;
    }

    /// <summary>Reads a droplet; false for anything that is none, contradicts itself, or is out of bounds.</summary>
    public static bool TryParseDroplet(ReadOnlySpan<byte> datagram, out ClassicDroplet droplet)
    {
        droplet = default;
        if (datagram.Length <= DropletHeaderBytes)
        {
            return false;
        }

        var key = BinaryPrimitives.ReadUInt64LittleEndian(datagram[8..]);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(datagram[16..]);
        var valueLength = BinaryPrimitives.ReadUInt64LittleEndian(datagram[24..]);
        if (key == 0 || length > LengthMax || valueLength != (ulong)SymbolSizeOf((int)length)
            || datagram.Length != DropletHeaderBytes + (int)valueLength)
        {
            return false;
        }

        droplet = new ClassicDroplet(new ResourceId(BinaryPrimitives.ReadUInt64LittleEndian(datagram)), key, (int)length);
        return true;
    }

    /// <summary>Writes a droplet's header; the value, <see cref="SymbolSizeOf"/> bytes, follows it.</summary>
    public static void WriteDropletHeader(ClassicDroplet droplet, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, droplet.Resource.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], droplet.Key);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], (ulong)droplet.DataLength);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], (ulong)SymbolSizeOf(droplet.DataLength));
    }
}

/// <summary>What a client says to a server in format 1.</summary>
public enum ClassicMessageType
{
    /// <summary>Rain this resource on me.</summary>
    Subscribe = 1,

    /// <summary>Stop it.</summary>
    Unsubscribe = 2,

    /// <summary>Fetch this and keep it.</summary>
    Propagate = 3,
}

/// <summary>A message to a server.</summary>
/// <param name="Type">What is wanted.</param>
/// <param name="Resource">The resource.</param>
/// <param name="RainPort">The port of the sender's rain server, in PROPAGATE alone.</param>
public readonly record struct ClassicMessage(ClassicMessageType Type, ResourceId Resource, ushort RainPort);

/// <summary>The header of a droplet.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Key">Bit i set: source symbol i is part of the value.</param>
/// <param name="DataLength">The resource's bytes.</param>
public readonly record struct ClassicDroplet(ResourceId Resource, ulong Key, int DataLength);
