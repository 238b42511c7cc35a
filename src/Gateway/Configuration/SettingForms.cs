using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using PouringRain.Coding;
using PouringRain.Network;
using PouringRain.Protocol;

namespace Gateway.Configuration;

/// <summary>The forms of values that settings have.</summary>
internal static class SettingForms
{
    private const StringSplitOptions ListItems = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    /// <summary>Less could be guessed by whoever has one datagram, or asks often enough.</summary>
    private const int SecretLengthMin = 16;

    /// <summary>Of different characters in a secret. Of 16 random digits one in 10,000 has fewer, and no text that is typed by holding a
    /// key or two down has as many.</summary>
    private const int SecretVarietyMin = 5;

    private static readonly string Strong = $"at least {SecretLengthMin} characters, {SecretVarietyMin} different ones among them";

    /// <summary>The path of a file or folder; a NUL is the one character that none may have.</summary>
    public static readonly SettingForm<string> FilePath = new(
        "a path", "", (string text, [MaybeNullWhen(false)] out string value) => !(value = text).Contains('\0', StringComparison.Ordinal));

    public static readonly SettingForm<bool> Flag = new("true or false", "", bool.TryParse);

    /// <summary>An erasure code by its name.</summary>
    public static readonly SettingForm<string> Code = new(
        $"one of {string.Join(", ", FountainCodes.All.Select(code => code.Name))}", "",
        (string text, [MaybeNullWhen(false)] out string value) => FountainCodes.TryGet(value = text, out _));

    /// <summary>A size, where 0 is none.</summary>
    public static readonly SettingForm<long> SizeOrNone = new(
        "a size (bytes, or with a unit as KB or KiB), 0 for none,", "10GB", Quantities.TryParseSize);

    /// <summary>A size in a second, where 0 is none.</summary>
    public static readonly SettingForm<long> Rate = new(
        "a size a second (bytes, or with a unit as KB/s or KiB/s), 0 for none,", "3MB/s", TryParseRate);

    /// <summary>Origins as a browser sends them, scheme, host and port, or <c>*</c> for all.</summary>
    public static readonly SettingForm<IReadOnlyList<string>> Origins = new(
        "a list of origins, with commas (* for all)", "https://example.org,https://example.net:8443", TryParseOrigins);

    /// <summary>Host names, <c>*.</c> and a name for all below it, or <c>*</c> for all, with commas or semicolons (ASP.NET's own form)
    /// between.</summary>
    public static readonly SettingForm<IReadOnlyList<string>> Hosts = new(
        "a list of host names without ports, with commas (* for all)", "files.example.org,*.example.net", TryParseHosts);

    /// <summary>The address of an HTTP server, perhaps with a path.</summary>
    public static readonly SettingForm<string> Address = new("an http or https address", "http://localhost:4318", TryParseAddress);

    /// <summary>The address of an HTTP service by itself.</summary>
    public static readonly SettingForm<string> ServiceAddress = new(
        "an http or https address without a path", "https://s3.example.org",
        (string text, [MaybeNullWhen(false)] out string value) => TryParseAddress(text, out value)
            && (text.Length == 0 || new Uri(text) is { AbsolutePath: "/", UserInfo: "", Fragment: "" }));

    /// <summary>The name of a bucket, as S3 has them.</summary>
    public static readonly SettingForm<string> Bucket = new(
        "the name of a bucket, 3 to 63 small letters, digits, dots and hyphens,", "rain",
        (string text, [MaybeNullWhen(false)] out string value) => (value = text).Length == 0
            || (text.Length is >= 3 and <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-')
                && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])));

    /// <summary>What names of objects begin with; a slash at the end is added.</summary>
    public static readonly SettingForm<string> ObjectPrefix = new(
        "letters, digits, dots, hyphens and underscores between slashes, none at the beginning, 200 in all,", "site1/rain",
        (string text, [MaybeNullWhen(false)] out string value) =>
        {
            value = text.Length == 0 || text.EndsWith('/') ? text : text + "/";
            return value.Length <= 200 && (text.Length == 0 || value[..^1].Split('/').All(part => part is not ("" or "." or "..")
                && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')));
        });

    /// <summary>Visible ASCII characters.</summary>
    public static readonly SettingForm<string> Word = new(
        "a text of visible ASCII characters without blanks, 200 at most,", "",
        (string text, [MaybeNullWhen(false)] out string value) =>
            (value = text).Length <= 200 && !text.AsSpan().ContainsAnyExceptInRange('!', '~'));

    /// <summary>A cluster secret, which may stand in a list too.</summary>
    public static readonly SettingForm<string> Secret = new(
        $"a text of {Strong}, without commas", "the output of openssl rand -hex 32",
        (string text, [MaybeNullWhen(false)] out string value) => (value = text).Length == 0 || IsSecret(text));

    /// <summary>Cluster secrets.</summary>
    public static readonly SettingForm<IReadOnlyList<string>> Secrets = new(
        $"a list of texts of {Strong}, with commas,", "outputs of openssl rand -hex 32",
        (string text, [MaybeNullWhen(false)] out IReadOnlyList<string> value) => TryParseList(text, out value) && value.All(IsSecret));

    /// <summary>At least one <c>address:port</c>, all different; port 0 lets the system choose.</summary>
    public static readonly SettingForm<IReadOnlyList<IPEndPoint>> EndPoints = new(
        "a list of different UDP endpoints, address:port, with commas", "10.0.0.1:1980,[::1]:1980", TryParseEndPoints);

    /// <summary>Networks as <c>10.0.0.0/8</c>.</summary>
    public static readonly SettingForm<IReadOnlyList<IPNetwork>> Networks = new(
        "a list of networks, with commas", "10.0.0.0/8,fd00::/8", TryParseNetworks);

    /// <summary>HTTP addresses to listen at, with semicolons (ASP.NET's own form) or commas between.</summary>
    public static readonly SettingForm<IReadOnlyList<string>> Urls = new(
        "a list of http and https addresses, with semicolons (* for every address of the machine)", "http://localhost:8080;https://*:8443",
        TryParseUrls);

    /// <summary>Bearer keys, each either as it is or as <c>sha256:</c> and 64 hexadecimal digits; the value is their SHA-256.</summary>
    public static readonly SettingForm<IReadOnlyList<byte[]>> Keys = new(
        $"a list of keys, each of {Strong}, or as sha256: and 64 hexadecimal digits, with commas,", "outputs of openssl rand -hex 32",
        TryParseKeys);

    /// <summary>Faults, every part of which may be missing.</summary>
    public static readonly SettingForm<DatagramFaults?> Faults = new(
        "a list of faults, with commas", "loss=0.1,duplicate=0.1,reorder=0.1,seed=1", TryParseFaults);

    /// <summary>Whole numbers in a range, both ends included.</summary>
    public static SettingForm<int> Whole(int min, int max) => new(
        $"a whole number from {min} to {max}", "",
        (string text, out int value) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= min && value <= max);

    /// <summary>Whole numbers up to one, where 0 is none.</summary>
    public static SettingForm<int> WholeOrNone(int max) => Whole(0, max) with { Wanted = $"a whole number up to {max}, 0 for none," };

    /// <summary>Sizes in a range, both ends included.</summary>
    public static SettingForm<long> Size(long min, long max) => new(
        $"a size from {Quantities.Format(min)} to {Quantities.Format(max)} (bytes, or with a unit as KB or KiB)",
        Quantities.Format(Math.Clamp(64 << 10, min, max)),
        (string text, out long value) => Quantities.TryParseSize(text, out value) && value >= min && value <= max);

    /// <summary>Sizes, or <c>auto</c>, which is 0.</summary>
    public static SettingForm<long> AutoOr(SettingForm<long> size) => size with
    {
        Wanted = $"auto or {size.Wanted}",
        Parse = (string text, out long value) =>
        {
            value = 0;
            return string.Equals(text, "auto", StringComparison.OrdinalIgnoreCase) || size.Parse(text, out value);
        },
    };

    /// <summary>Durations in a range of seconds, both ends included.</summary>
    public static SettingForm<TimeSpan> Duration(double min, double max) => new(
        $"a duration from {Format(min)} to {Format(max)} (seconds, or with a unit: ms, s, m, h, d)",
        Format(Math.Clamp(90, min, max)),
        (string text, out TimeSpan value) =>
            Quantities.TryParseDuration(text, out value) && value.TotalSeconds >= min && value.TotalSeconds <= max);

    private static string Format(double seconds) => Quantities.Format(TimeSpan.FromSeconds(seconds));

    private static bool TryParseRate(string text, out long value) =>
        Quantities.TryParseSize(text.EndsWith("/s", StringComparison.OrdinalIgnoreCase) ? text[..^2].TrimEnd() : text, out value);

    /// <summary>Texts with commas between. Nothing but commas is no list: whoever wrote it meant something, such as keys whose variables
    /// were not set.</summary>
    public static bool TryParseList(string text, out IReadOnlyList<string> value)
    {
        value = text.Split(',', ListItems);
        return value.Count > 0 || text.Length == 0;
    }

    private static bool TryParseOrigins(string text, out IReadOnlyList<string> value) =>
        TryParseList(text, out value) && value.All(origin =>
            origin == "*" || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Host.Length > 0 && uri.UserInfo.Length == 0
                && string.Equals(origin.TrimEnd('/'), uri.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase)));

    private static bool TryParseHosts(string text, out IReadOnlyList<string> value) =>
        TryParseList(text.Replace(';', ','), out value) && value.All(host =>
            host == "*"
                || Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) != UriHostNameType.Unknown);

    private static bool TryParseAddress(string text, out string value)
    {
        value = text;
        return text.Length == 0
            || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Query.Length == 0);
    }

    private static bool TryParseEndPoints(string text, out IReadOnlyList<IPEndPoint> value)
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

    private static bool TryParseNetworks(string text, out IReadOnlyList<IPNetwork> value)
    {
        var networks = new List<IPNetwork>();
        value = networks;
        var isList = TryParseList(text, out var items);
        foreach (var item in items)
        {
            if (!IPNetwork.TryParse(item, out var network))
            {
                return false;
            }

            networks.Add(network);
        }

        return isList;
    }

    private static bool TryParseUrls(string text, out IReadOnlyList<string> value)
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

    private static bool TryParseKeys(string text, out IReadOnlyList<byte[]> value)
    {
        var keys = new List<byte[]>();
        value = keys;
        var isList = TryParseList(text, out var items);
        foreach (var item in items)
        {
            if (!item.StartsWith("sha256:", StringComparison.Ordinal))
            {
                isList &= IsStrong(item);
                keys.Add(SHA256.HashData(Encoding.UTF8.GetBytes(item)));
            }
            else if (Sha256Digest.TryParseHex(item.AsSpan(7), out var digest))
            {
                keys.Add(digest.ToArray());
            }
            else
            {
                return false;
            }
        }

        return isList;
    }

    private static bool TryParseFaults(string text, out DatagramFaults? value)
    {
        value = null;
        if (text.Length == 0)
        {
            return true;
        }

        var faults = new DatagramFaults(0, 0, 0, 1);
        if (!TryParseList(text, out var items))
        {
            return false;
        }

        foreach (var item in items)
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

    private static bool IsSecret(string text) => IsStrong(text) && !text.Contains(',', StringComparison.Ordinal);

    private static bool IsStrong(string text) => text.Length >= SecretLengthMin && text.Distinct().Count() >= SecretVarietyMin;
}
