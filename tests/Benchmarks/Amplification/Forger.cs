using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PouringRain.Protocol;

namespace Benchmarks.Amplification;

/// <summary>
/// The attacker, run inside its host as a process of its own: sends datagrams that ask for much, under its own address or under one
/// that is not its own, and never keeps the rules. <c>forge KIND TARGET SOURCE RESOURCE COUNT</c>.
/// </summary>
internal static class Forger
{
    // <linux/in.h>: lets a socket of root send under any address.
    private const int IpLevel = 0;
    private const int IpTransparent = 19;
    private const int DatagramsPerSecond = 2000;

    /// <summary>Runs the attack.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length != 5 || !ForgedDatagrams.Kinds.Contains(arguments[0]) || !IPEndPoint.TryParse(arguments[1], out var target)
            || !IPAddress.TryParse(arguments[2], out var source)
                || !ulong.TryParse(arguments[3], CultureInfo.InvariantCulture, out var resource)
            || !int.TryParse(arguments[4], CultureInfo.InvariantCulture, out var count))
        {
            Console.Error.WriteLine($"forge {string.Join('|', ForgedDatagrams.Kinds)} TARGET SOURCE RESOURCE COUNT");
            return 2;
        }

        var kind = arguments[0];
        var token = kind == "stolen-token" ? AskForToken(target, resource) : new Bits128(ulong.MaxValue / 3, 0);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetRawSocketOption(IpLevel, IpTransparent, BitConverter.GetBytes(1));
        socket.Bind(new IPEndPoint(source, 0));
        socket.Connect(target);
        var random = new Random(1);
        var clock = Stopwatch.StartNew();
        var datagram = new byte[ForgedDatagrams.BytesMax];
        for (var i = 0; i < count; i++)
        {
            var length = ForgedDatagrams.Write(kind, datagram, resource, token, random, (uint)i);
            socket.Send(datagram.AsSpan(0, length), SocketFlags.None, out _);
            while (clock.Elapsed.TotalSeconds < i / (double)DatagramsPerSecond)
            {
                // What came back is left in the buffer: an attacker does not read it.
                socket.Poll(1000, SelectMode.SelectError);
            }
        }

        return 0;
    }

    /// <summary>A good token, for the attacker's own address.</summary>
    private static Bits128 AskForToken(IPEndPoint target, ulong resource)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(target);
        return ForgedDatagrams.AskForToken(socket, resource);
    }
}
