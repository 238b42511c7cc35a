using System.Net;
using System.Net.Sockets;
using Gateway.Configuration;

namespace Gateway.Doctor;

/// <summary>Whether the ports are free, or held by a gateway that runs.</summary>
/// <param name="Findings">A finding a port.</param>
/// <param name="IsRunning">Whether a gateway answers at one of the HTTP addresses.</param>
internal sealed record PortLook(IReadOnlyList<Finding> Findings, bool IsRunning)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    public static async Task<PortLook> LookAsync(GatewaySettings settings)
    {
        var findings = new List<Finding>();
        var isRunning = false;
        foreach (var url in settings.Urls)
        {
            var address = BindingAddress.Parse(url);
            if (address.IsUnixPipe || address.IsNamedPipe)
            {
                continue;
            }

            var host = address.Host is "+" or "*" or "0.0.0.0" or "[::]" ? "localhost" : address.Host;
            var endPoint = SurroundingsCheck.EndPointOf(address);
            if (TryBind(endPoint, SocketType.Stream, out var error))
            {
                findings.Add(Finding.Ok("port", $"{url} is free."));
            }
            else if (error == SocketError.AddressAlreadyInUse && await IsGatewayAsync($"{address.Scheme}://{host}:{address.Port}"))
            {
                isRunning = true;
                findings.Add(Finding.Ok("port", $"{url} is held by a gateway that runs."));
            }
            else
            {
                findings.Add(Refused(url, error, $"ss -ltnp 'sport = :{address.Port}'", "Urls"));
            }
        }

        foreach (var endPoint in settings.Rain.Listen)
        {
            if (TryBind(endPoint, SocketType.Dgram, out var error))
            {
                findings.Add(Finding.Ok("port", $"UDP {endPoint} is free."));
            }
            else if (error == SocketError.AddressAlreadyInUse && isRunning)
            {
                findings.Add(
                    Finding.Ok("port", $"UDP {endPoint} is taken while a gateway runs here: by it, unless its log says otherwise."));
            }
            else
            {
                findings.Add(Refused($"UDP {endPoint}", error, $"ss -lunp 'sport = :{endPoint.Port}'", "Rain:Listen"));
            }
        }

        return new PortLook(findings, isRunning);
    }

    private static Finding Refused(string what, SocketError error, string command, string setting) => error switch
    {
        SocketError.AddressAlreadyInUse => Finding.Problem(
            "port", $"{what} is taken by another program.", $"{command} names it; end it, or set {setting} to a free port."),
        SocketError.AddressNotAvailable => Finding.Problem(
            "port", $"{what}: this machine has no such address.", $"Set {setting} to one of its own, as ip addr lists them."),
        SocketError.AccessDenied => Finding.Problem(
            "port", $"{what} may not be opened by this user.", $"Set {setting} to a port above 1023."),
        _ => Finding.Problem("port", $"{what} cannot be opened: {error}.", $"Set {setting} to another."),
    };

    private static bool TryBind(IPEndPoint endPoint, SocketType type, out SocketError error)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, type, type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp);
            // Who listens already is found by binding; listening would take, and reset, who connects meanwhile.
            socket.Bind(endPoint);
            error = SocketError.Success;
            return true;
        }
        catch (SocketException e)
        {
            error = e.SocketErrorCode;
            return false;
        }
    }

    private static async Task<bool> IsGatewayAsync(string url)
    {
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
        };
        using var client = new HttpClient(handler) { Timeout = Timeout };
        try
        {
            return (await client.GetStringAsync(new Uri($"{url}/health/live"))).Contains("\"live\"", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
