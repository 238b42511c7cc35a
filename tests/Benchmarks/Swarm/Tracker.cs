using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Benchmarks.Swarm;

/// <summary>
/// A BitTorrent tracker of one torrent, over HTTP (BEP 3, with the compact peers of BEP 23), run inside a host as a process of its own.
/// Prints a line for each announcement. <c>tracker ADDRESS:PORT</c>.
/// </summary>
internal static class Tracker
{
    private const int RequestBytesMax = 8192;

    // Whoever comes later learns of all who came before: nobody has to ask often.
    private const int IntervalSeconds = 30;

    /// <summary>Answers until the process is ended.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length != 1 || !IPEndPoint.TryParse(arguments[0], out var endpoint))
        {
            Console.Error.WriteLine("tracker ADDRESS:PORT");
            return 2;
        }

        using var listener = new TcpListener(endpoint);
        listener.Start();
        Console.WriteLine("ready");
        var peers = new HashSet<IPEndPoint>();
        while (true)
        {
            using var client = listener.AcceptTcpClient();
            client.ReceiveTimeout = 2000;
            try
            {
                Answer(client, peers);
            }
            catch (IOException)
            {
                // It went away, or says nothing.
            }
        }
    }

    private static void Answer(TcpClient client, HashSet<IPEndPoint> peers)
    {
        using var stream = client.GetStream();
        var request = ReadRequest(stream);
        var address = ((IPEndPoint)client.Client.RemoteEndPoint!).Address;
        if (!int.TryParse(Field(request, "port"), CultureInfo.InvariantCulture, out var port) || port is < 1 or > IPEndPoint.MaxPort)
        {
            stream.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8);
            return;
        }

        var peer = new IPEndPoint(address, port);
        var others = peers.Where(other => !other.Equals(peer)).ToArray();
        if (Field(request, "event") == "stopped")
        {
            peers.Remove(peer);
        }
        else
        {
            peers.Add(peer);
        }

        Console.WriteLine($"{peer} left={Field(request, "left")} event={Field(request, "event")} others={others.Length}");
        byte[] body =
        [
            .. Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"d8:intervali{IntervalSeconds}e5:peers{6 * others.Length}:")),
            .. others.SelectMany(other =>
                (byte[])[.. other.Address.MapToIPv4().GetAddressBytes(), (byte)(other.Port >> 8), (byte)other.Port]),
            (byte)'e',
        ];
        stream.Write(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n")));
        stream.Write(body);
    }

    private static string ReadRequest(NetworkStream stream)
    {
        var buffer = new byte[RequestBytesMax];
        var length = 0;
        int count;
        while (length < buffer.Length && !buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8)
            && (count = stream.Read(buffer, length, buffer.Length - length)) > 0)
        {
            length += count;
        }

        return Encoding.Latin1.GetString(buffer, 0, length).Split('\r')[0];
    }

    private static string Field(string request, string name) =>
        request.Split('?', '&', ' ').FirstOrDefault(field => field.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..]
            ?? "";
}
