using System.Net.Sockets;
using PouringRain.Protocol;

namespace Benchmarks.Amplification;

/// <summary>Datagrams that ask for much and never keep the rules, and the tokens that they need.</summary>
internal static class ForgedDatagrams
{
    /// <summary>The subscription for which <see cref="AskForToken"/> asks.</summary>
    public const uint SubscriptionId = 77;

    /// <summary>Longer than any of them.</summary>
    public const int BytesMax = 2048;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>What can be written.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        ["bare", "bare-unknown", "guessed-token", "guessed-token-short", "stolen-token", "propagate", "unsubscribe", "noise"];

    /// <summary>Writes one of a kind.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="datagram">At least <see cref="BytesMax"/> bytes.</param>
    /// <param name="resource">What it is about.</param>
    /// <param name="token">The address token of those that have one.</param>
    /// <param name="random">What noise is made of.</param>
    /// <param name="number">Tells it from the others.</param>
    /// <returns>Its length.</returns>
    public static int Write(string kind, Span<byte> datagram, ulong resource, Bits128 token, Random random, uint number)
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
                // Always a new subscription: the costliest for a server that kept anything.
                var id = kind == "stolen-token" ? SubscriptionId : number;
                var length = WriteSubscribe(
                    datagram, kind == "bare-unknown" ? ~resource : resource, id, number,
                    kind.StartsWith("bare", StringComparison.Ordinal) ? default : token);

                // Cut behind its requests it is the shortest that asks for anything at all; a client pads it.
                return kind == "guessed-token-short" ? SubscribeMessage.FixedBytes + (8 * RequestItem.SizeBytes) : length;
        }
    }

    /// <summary>Writes a SUBSCRIBE that asks for as much of the first eight blocks as one can, at
    /// any rate, and tells nothing of what came.</summary>
    /// <returns>Its length.</returns>
    public static int WriteSubscribe(Span<byte> datagram, ulong resource, uint subscriptionId, uint number, Bits128 token)
    {
        var message = new SubscribeMessage
        {
            SubscriptionId = subscriptionId,
            Number = number,
            Resource = new ResourceId(resource),
            Token = token,
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

        return message.Write(datagram, itemCount: 8);
    }

    /// <summary>A good token for the address and port of a socket, which is connected to a rain server that holds the resource.</summary>
    /// <exception cref="InvalidOperationException">The server does not offer it.</exception>
    public static Bits128 AskForToken(Socket socket, ulong resource)
    {
        socket.ReceiveTimeout = (int)AnswerLimit.TotalMilliseconds;
        var datagram = new byte[BytesMax];
        var length = new SubscribeMessage
        { SubscriptionId = SubscriptionId, Number = 1, Resource = new ResourceId(resource), WantsOffer = true }
            .Write(datagram, itemCount: 0);
        socket.Send(datagram.AsSpan(0, length));
        try
        {
            length = socket.Receive(datagram);
        }
        catch (SocketException silence) when (silence.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock
            or SocketError.ConnectionRefused)
        {
            length = 0;
        }

        return OfferMessage.TryParse(datagram.AsSpan(0, length), out var offer, out _)
            ? offer.Token
            : throw new InvalidOperationException("no OFFER came back");
    }
}
