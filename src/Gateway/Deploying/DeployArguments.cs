using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gateway.Configuration;
using PouringRain.Network;

namespace Gateway.Deploying;

/// <summary>The arguments of <c>--send</c> and <c>--receive</c>, as <c>--name value</c> or <c>--name=value</c>, and what is wrong with
/// them: a line each that says what would be right.</summary>
internal sealed class DeployArguments
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _flags = [];
    private readonly List<string> _mistakes = [];

    /// <summary>Reads them.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="mode">The name of the mode, whose arguments these are.</param>
    /// <param name="names">Names that take a value.</param>
    /// <param name="flags">Names that take none.</param>
    public DeployArguments(string[] args, string mode, IReadOnlyCollection<string> names, IReadOnlyCollection<string> flags)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var cut = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = cut < 0 ? args[i] : args[i][..cut];
            if (flags.Contains(args[i]))
            {
                _flags.Add(name);
            }
            else if (!names.Contains(name))
            {
                _mistakes.Add($"{args[i]}: no argument of {mode}, which takes {string.Join(", ", names.Concat(flags).Order())}.");
            }
            else if (cut < 0 && (i + 1 == args.Length || args[i + 1].StartsWith("--", StringComparison.Ordinal)))
            {
                _mistakes.Add($"{name}: a value is wanted after it.");
            }
            else if (!_values.TryAdd(name, cut < 0 ? args[++i] : args[i][(cut + 1)..]))
            {
                _mistakes.Add($"{name}: is given twice.");
            }
        }
    }

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<string> Mistakes => _mistakes;

    /// <summary>Whether a flag or a value is given.</summary>
    public bool Has(string name) => _flags.Contains(name) || _values.ContainsKey(name);

    /// <summary>Notes a mistake.</summary>
    public void Complain(string name, string wanted) =>
        _mistakes.Add(_values.TryGetValue(name, out var value) ? $"{name} {value}: {wanted}" : $"{name}: {wanted}");

    /// <summary>A text; empty when it is not given.</summary>
    public string Text(string name) => _values.GetValueOrDefault(name, "");

    /// <summary>A whole number.</summary>
    public int Number(string name, int otherwise, int least, int most)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Complain(name, $"a number from {least} to {most} is wanted.");
        return otherwise;
    }

    /// <summary>Bits a second, in bytes a second.</summary>
    public long Rate(string name, long otherwiseBits)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return otherwiseBits / 8;
        }

        if (TryParseBits(text, out var bits))
        {
            return bits / 8;
        }

        Complain(name, "bits a second are wanted, from 8K to 1T, like 100M or 2.5G.");
        return otherwiseBits / 8;
    }

    /// <summary>Bits a second, in bytes a second, or <c>auto</c>, or <c>auto,</c> and the most.</summary>
    /// <returns>The rate, or the most; and whether it is to be found out.</returns>
    public (long BytesPerSecond, bool IsAutomatic) RateOrAutomatic(string name, long otherwiseBits, long mostBits)
    {
        var text = Text(name);
        var bits = mostBits;
        if (!text.StartsWith("auto", StringComparison.OrdinalIgnoreCase))
        {
            return (Rate(name, otherwiseBits), false);
        }

        if (text.Length > 4 && (text[4] != ',' || !TryParseBits(text[5..], out bits)))
        {
            Complain(name, "bits a second are wanted, from 8K to 1T, or auto, or auto and the most, like auto,1G.");
            bits = mostBits;
        }

        return (bits / 8, true);
    }

    /// <summary>An address and a port.</summary>
    public IPEndPoint EndPoint(string name, string example)
    {
        if (IPEndPoint.TryParse(Text(name), out var endPoint) && endPoint.Port != 0)
        {
            return endPoint;
        }

        Complain(name, $"an address and a port are wanted, like {example}.");
        return new IPEndPoint(IPAddress.Loopback, 1);
    }

    /// <summary>An address; null when it is not given.</summary>
    public IPAddress? Address(string name, AddressFamily family)
    {
        if (!Has(name))
        {
            return null;
        }

        if (IPAddress.TryParse(Text(name), out var address) && address.AddressFamily == family)
        {
            return address;
        }

        Complain(name, $"an address of {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} is wanted.");
        return null;
    }

    /// <summary>An interface of this machine; the one that the system would take when none is given.</summary>
    public GroupInterface? Interface(string name, IPAddress group)
    {
        if (!Has(name))
        {
            var found = GroupInterface.For(group);
            if (found is null)
            {
                _mistakes.Add(
                    $"{name}: the system has no route to {group}; one of its interfaces is wanted: "
                    + $"{string.Join(", ", GroupInterface.All)}.");
            }

            return found;
        }

        var own = GroupInterface.Find(Text(name));
        if (own is null)
        {
            Complain(name, $"an interface of this machine is wanted, by name or address: {string.Join(", ", GroupInterface.All)}.");
        }

        return own;
    }

    /// <summary>A number and, after a comma, a duration: <c>8,30</c>.</summary>
    public (int Count, TimeSpan AtMost) Wait(string name, TimeSpan otherwise)
    {
        if (!Has(name))
        {
            return (0, otherwise);
        }

        var parts = Text(name).Split(',');
        if (parts.Length <= 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
        {
            if (parts.Length == 1)
            {
                return (count, otherwise);
            }

            if (Quantities.TryParseDuration(parts[1], out var atMost))
            {
                return (count, atMost);
            }
        }

        Complain(name, "a number of receivers is wanted, and how long to wait for them at most, like 8 or 8,30s.");
        return (0, otherwise);
    }

    /// <summary>A duration; null when it is not given.</summary>
    public TimeSpan? Duration(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        if (Quantities.TryParseDuration(Text(name), out var duration))
        {
            return duration;
        }

        Complain(name, "a duration is wanted, like 30s or 10m.");
        return null;
    }

    /// <summary>Networks; null when none are given.</summary>
    public IReadOnlyList<IPNetwork>? Networks(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        var networks = new List<IPNetwork>();
        foreach (var text in Text(name).Split(','))
        {
            if (!IPNetwork.TryParse(text, out var network))
            {
                Complain(name, "networks are wanted, with commas between, like 10.1.0.0/16,192.168.7.0/24.");
                return null;
            }

            networks.Add(network);
        }

        return networks;
    }

    /// <summary>A secret, or the file that has it: <c>@/etc/rain.secret</c>.</summary>
    public string Secret(string name)
    {
        var text = Text(name);
        if (text.StartsWith('@'))
        {
            try
            {
                text = File.ReadAllText(text[1..]).Trim();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                Complain(name, $"the file cannot be read: {e.Message}");
                return "";
            }
        }

        if (Has(name) && (text.Length == 0 || !SettingForms.Secret.Parse(text, out _)))
        {
            _mistakes.Add($"{name}: {SettingForms.Secret.Wanted} is wanted, or @ and the file that has it.");
        }

        return text;
    }

    private static bool TryParseBits(string text, out long bits)
    {
        const long least = 8_000, most = 1_000_000_000_000;
        bits = 0;
        var factor = text is { Length: > 0 } && char.ToUpperInvariant(text[^1]) is var unit
            ? unit switch { 'K' => 1_000L, 'M' => 1_000_000, 'G' => 1_000_000_000, 'T' => most, _ => 1 } : 1;
        if (!decimal.TryParse(
                factor == 1 ? text : text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number < (decimal)least / factor || number > (decimal)most / factor)
        {
            return false;
        }

        bits = (long)(number * factor);
        return true;
    }
}
