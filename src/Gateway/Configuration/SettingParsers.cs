using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using PouringRain.Network;

namespace Gateway.Configuration;

/// <summary>The forms of values that settings have.</summary>
internal static class SettingParsers
{
    /// <summary>Less could be guessed by whoever has one datagram.</summary>
    private const int SecretLengthMin = 16;

    private const StringSplitOptions ListItems = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    /// <summary>The path of a file or folder; a NUL is the one character that none may have.</summary>
    public static bool Path(string text, out string value)
    {
        value = text;
        return !text.Contains('\0', StringComparison.Ordinal);
    }

    public static bool Flag(string text, out bool value) => bool.TryParse(text, out value);

    /// <summary>Whole numbers in a range, both ends included.</summary>
    public static SettingParser<int> Whole(int min, int max) =>
        (string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= min && value <= max;

    /// <summary>A count of bytes or the like, 0 or more.</summary>
    public static bool Count(string text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>Seconds with or without a fraction, in a range, both ends included.</summary>
    public static SettingParser<TimeSpan> Seconds(double min, double max) =>
        (string text, out TimeSpan value) =>
        {
            var isNumber = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds);
            var isRight = isNumber && seconds >= min && seconds <= max;
            value = isRight ? TimeSpan.FromSeconds(seconds) : default;
            return isRight;
        };

    /// <summary>Texts with commas between.</summary>
    public static bool List(string text, out IReadOnlyList<string> value)
    {
        value = text.Split(',', ListItems);
        return true;
    }

    /// <summary>Origins as a browser sends them, scheme, host and port, or <c>*</c> for all; none is fine.</summary>
    public static bool Origins(string text, out IReadOnlyList<string> value) =>
        List(text, out value) && value.All(origin =>
            origin == "*" || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Host.Length > 0 && uri.UserInfo.Length == 0
                && string.Equals(origin.TrimEnd('/'), uri.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase)));

    /// <summary>The address of an HTTP server, perhaps with a path; none is fine.</summary>
    public static bool Address(string text, out string value)
    {
        value = text;
        return text.Length == 0 || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Query.Length == 0);
    }

    /// <summary>A cluster secret, which may stand in a list too; none is fine.</summary>
    public static bool Secret(string text, out string value)
    {
        value = text;
        return text.Length == 0 || IsSecret(text);
    }

    /// <summary>Cluster secrets; none is fine.</summary>
    public static bool Secrets(string text, out IReadOnlyList<string> value) => List(text, out value) && value.All(IsSecret);

    /// <summary>At least one <c>address:port</c>, all different; port 0 lets the system choose.</summary>
    public static bool EndPoints(string text, out IReadOnlyList<IPEndPoint> value)
    {
        var endPoints = new List<IPEndPoint>();
        value = endPoints;
        foreach (var item in text.Split(',', ListItems))
        {
            // Without the port IPEndPoint would read an address alone and say 0.
            var address = item.Replace("localhost:", "127.0.0.1:", StringComparison.OrdinalIgnoreCase);
            var colon = address.LastIndexOf(':');
            if (colon <= 0 || (address[0] != '[' && address.IndexOf(':', StringComparison.Ordinal) != colon)
                || !IPEndPoint.TryParse(address, out var endPoint) || !address.EndsWith($":{endPoint.Port}", StringComparison.Ordinal)
                || (endPoint.Port != 0 && endPoints.Contains(endPoint)))
            {
                return false;
            }

            endPoints.Add(endPoint);
        }

        return endPoints.Count > 0;
    }

    /// <summary>Networks as <c>10.0.0.0/8</c>; none is fine.</summary>
    public static bool Networks(string text, out IReadOnlyList<IPNetwork> value)
    {
        var networks = new List<IPNetwork>();
        value = networks;
        foreach (var item in text.Split(',', ListItems))
        {
            if (!IPNetwork.TryParse(item, out var network))
            {
                return false;
            }

            networks.Add(network);
        }

        return true;
    }

    /// <summary>HTTP addresses to listen at, with semicolons (ASP.NET's own form) or commas between.</summary>
    public static bool Urls(string text, out IReadOnlyList<string> value)
    {
        value = text.Split([';', ','], ListItems);
        foreach (var url in value)
        {
            try
            {
                var address = BindingAddress.Parse(url);
                if (address.Scheme is not ("http" or "https") || address.PathBase.Length > 0
                    || address.Host.Trim("[]").Length == 0
                    || (address.Host.Contains(':', StringComparison.Ordinal) && !address.Host.StartsWith('[') && !address.IsUnixPipe)
                    || address.Port is < 0 or > IPEndPoint.MaxPort)
                {
                    return false;
                }
            }
            catch (FormatException)
            {
                return false;
            }
        }

        return value.Count > 0;
    }

    /// <summary>Bearer keys, each either as it is or as <c>sha256:</c> and 64 hexadecimal digits; the value is their SHA-256.</summary>
    public static bool Keys(string text, out IReadOnlyList<byte[]> value)
    {
        var keys = new List<byte[]>();
        value = keys;
        foreach (var item in text.Split(',', ListItems))
        {
            if (item.StartsWith("sha256:", StringComparison.Ordinal))
            {
                if (!PouringRain.Protocol.Sha256Digest.TryParseHex(item.AsSpan(7), out var digest))
                {
                    return false;
                }

                keys.Add(digest.ToArray());
            }
            else
            {
                keys.Add(SHA256.HashData(Encoding.UTF8.GetBytes(item)));
            }
        }

        return true;
    }

    /// <summary>Faults as <c>loss=0.1,duplicate=0.1,reorder=0.1,seed=1</c>, every part of which may be missing.</summary>
    public static bool Faults(string text, out DatagramFaults? value)
    {
        value = null;
        if (text.Length == 0)
        {
            return true;
        }

        var faults = new DatagramFaults(0, 0, 0, 1);
        foreach (var item in text.Split(',', ListItems))
        {
            var parts = item.Split('=');
            if (parts.Length != 2)
            {
                return false;
            }

            var isProbability = double.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var probability)
                && probability <= 1;
            switch (parts[0])
            {
                case "loss" when isProbability:
                    faults = faults with { Loss = probability };
                    break;
                case "duplicate" when isProbability:
                    faults = faults with { Duplicate = probability };
                    break;
                case "reorder" when isProbability:
                    faults = faults with { Reorder = probability };
                    break;
                case "seed" when ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var seed):
                    faults = faults with { Seed = seed };
                    break;
                default:
                    return false;
            }
        }

        value = faults;
        return true;
    }

    private static bool IsSecret(string text) => text.Length >= SecretLengthMin && !text.Contains(',', StringComparison.Ordinal);
}
