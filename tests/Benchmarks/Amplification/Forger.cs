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
    private const uint SubscriptionId = 77;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>What it can send.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        ["bare", "bare-unknown", "guessed-token", "guessed-token-short", "stolen-token", "propagate", "unsubscribe", "noise"];

    /// <summary>Runs the attack.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length != 5 || !Kinds.Contains(arguments[0]) || !IPEndPoint.TryParse(arguments[1], out var target)
            || !IPAddress.TryParse(arguments[2], out var source)
                || !ulong.TryParse(arguments[3], CultureInfo.InvariantCulture, out var resource)
            || !int.TryParse(arguments[4], CultureInfo.InvariantCulture, out var count))
        {
            Console.Error.WriteLine($"forge {string.Join('|', Kinds)} TARGET SOURCE RESOURCE COUNT");
            return 2;
        }

        var kind = arguments[0];
        var token = kind == "stolen-token" ? AskForToken(target, resource) : UInt128.MaxValue / 3;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetRawSocketOption(IpLevel, IpTransparent, BitConverter.GetBytes(1));
        socket.Bind(new IPEndPoint(source, 0));
        socket.Connect(target);
        var random = new Random(1);
        var clock = Stopwatch.StartNew();
        var datagram = new byte[2048];
        for (var i = 0; i < count; i++)
        {
            var length = Write(kind, datagram, resource, token, random, (uint)i);
            socket.Send(datagram.AsSpan(0, length), SocketFlags.None, out _);
            while (clock.Elapsed.TotalSeconds < i / (double)DatagramsPerSecond)
            {
                // What came back is left in the buffer: an attacker does not read it.
                socket.Poll(1000, SelectMode.SelectError);
            }
        }

        return 0;
    }

    private static int Write(string kind, Span<byte> datagram, ulong resource, UInt128 token, Random random, uint number)
    {
        switch (kind)
        {
            case "propagate":
                return new PropagateMessage { SubscriptionId = number, Resource = new ResourceId(resource), RainPort = 1980 }
                    .Write(datagram);
            case "unsubscribe":
                return new UnsubscribeMessage { SubscriptionId = number, Resource = new ResourceId(resource) }
                    .Write(datagram);
            case "noise":
                var noise = datagram[..random.Next(1, 1400)];
                random.NextBytes(noise);
                if (number % 2 == 0 && noise.Length >= WireFormat.HeaderBytes)
                {
                    WireFormat.WriteHeader(noise, (MessageType)random.Next(16), number);
                }

                return noise.Length;
            default:
                var message = new SubscribeMessage
                {
                    // Always a new subscription: the costliest for a server that kept anything.
                    SubscriptionId = kind == "stolen-token" ? SubscriptionId : number,
                    Number = number,
                    Resource = new ResourceId(kind == "bare-unknown" ? ~resource : resource),
                    Token = kind.StartsWith("bare", StringComparison.Ordinal) ? default : token,
                    WantsOffer = true,
                    RateBytesPerSecond = uint.MaxValue,
                    InFlightMax = uint.MaxValue,
                    AreGuesses = true,
                };
                for (var block = 0; block < 8; block++)
                {
                    new RequestItem((uint)block, 0, 1, ushort.MaxValue)
                        .Write(datagram[(SubscribeMessage.FixedBytes + (RequestItem.SizeBytes * block))..]);
                }

                // Cut behind its requests it is the shortest that asks for anything at all; a client pads it.
                var length = message.Write(datagram, itemCount: 8);
                return kind == "guessed-token-short" ? SubscribeMessage.FixedBytes + (8 * RequestItem.SizeBytes) : length;
        }
    }

    /// <summary>A good token, for the attacker's own address.</summary>
    private static UInt128 AskForToken(IPEndPoint target, ulong resource)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        { ReceiveTimeout = (int)AnswerLimit.TotalMilliseconds };
        socket.Connect(target);
        var datagram = new byte[2048];
        var length = new SubscribeMessage
        { SubscriptionId = SubscriptionId, Number = 1, Resource = new ResourceId(resource), WantsOffer = true }
            .Write(datagram, itemCount: 0);
        socket.Send(datagram.AsSpan(0, length));
        length = socket.Receive(datagram);
        return OfferMessage.TryParse(datagram.AsSpan(0, length), out var offer, out _)
            ? offer.Token
            : throw new InvalidOperationException("no OFFER came back");
    }
}
