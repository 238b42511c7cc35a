using System.Net;
using PouringRain.Protocol;

namespace Gateway.Configuration;

/// <summary>Finds settings that are right one by one and wrong together.</summary>
internal static class RelationsCheck
{
    /// <summary>Looks at them.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="reader">Knows which of them are wrong, and takes mistakes.</param>
    public static void Run(GatewaySettings settings, SettingsReader reader)
    {
        var rain = settings.Rain;
        var mistakes = reader.Mistakes;
        if (rain.Secret.Length > 0 && rain.ClassicAllow.Count > 0)
        {
            mistakes.Add(
                "Rain:Classic:Allow: wire format 1 cannot be sealed, so it is not spoken with Rain:Secret; remove one of the two.");
        }

        if (rain.Secret.Length == 0 && rain.SecretsAccepted.Count > 0 && !reader.IsWrong("Rain:Secret"))
        {
            mistakes.Add("Rain:SecretsAccepted: without Rain:Secret nothing is sealed and no secret accepted; set both or neither.");
        }

        var hasKeys = settings.Gateway.KeyDigests.Count > 0;
        if (rain.Secret.Length == 0 && !reader.IsWrong("Rain:Secret") && !rain.AllowUnsealed
            && rain.Listen.FirstOrDefault(endPoint => !IPAddress.IsLoopback(endPoint.Address)) is { } open)
        {
            mistakes.Add(hasKeys
                ? $"Rain:Listen = \"{open}\": without Rain:Secret only loopback addresses are permitted."
                : $"Rain:Listen = \"{open}\": without Rain:Secret only loopback addresses are permitted; Rain:AllowUnsealed=true permits "
                    + "others.");
        }

        if (rain is { Secret.Length: 0, AllowUnsealed: true, ClassicAllow.Count: 0 } && hasKeys && !reader.IsWrong("Rain:Secret"))
        {
            mistakes.Add(
                "Rain:AllowUnsealed = \"true\": with Gateway:Keys the rain is sealed, or it would serve those who have no key; "
                + "set Rain:Secret, or, where the rain stays on loopback, \"false\".");
        }

        if (rain.ClassicAllow.Count > 0 && settings.Gateway.ProtectReads)
        {
            mistakes.Add(
                "Rain:Classic:Allow: wire format 1 knows no keys, so with Gateway:ProtectReads it is not spoken; remove one of the two.");
        }

        if (!ResourceLayout.TryCreate(0, rain.LargestBlockSize, rain.SymbolSize, out _))
        {
            mistakes.Add(
                $"Rain:BlockSize = \"{rain.BlockSize}\": a block of 1 to {ResourceLayout.SymbolCountMax} symbols of Rain:SymbolSize = "
                + $"{rain.SymbolSize} bytes is wanted.");
        }

        if (ResourceLayout.MayGrow(rain.BlockSize - 1))
        {
            mistakes.Add(
                $"Rain:BlockSize = \"{rain.BlockSize}\": this says something else between nodes; one byte more or less is wanted.");
        }

        if (settings.Gateway is { ProtectReads: true, KeyDigests.Count: 0 } && !reader.IsWrong("Gateway:Keys"))
        {
            mistakes.Add("Gateway:ProtectReads = \"true\": at least one key in Gateway:Keys is wanted, or nobody could read.");
        }

        CheckObjectStore(settings.Store.S3, reader);
        var isSecure = settings.Urls.Any(url => url.StartsWith("https:", StringComparison.OrdinalIgnoreCase));
        if (isSecure && !reader.Has("Kestrel:Certificates:Default"))
        {
            mistakes.Add("Urls: https wants a certificate, Kestrel:Certificates:Default:Path (and KeyPath or Password).");
        }
    }

    private static void CheckObjectStore(ObjectStoreOptions s3, SettingsReader reader)
    {
        (string Name, string Value)[] needed =
        [
            ("Store:S3:Bucket", s3.Bucket), ("Store:S3:AccessKey", s3.AccessKey), ("Store:S3:SecretKey", s3.SecretKey),
        ];
        if (s3.Endpoint.Length > 0)
        {
            foreach (var (name, _) in needed.Where(one => one.Value.Length == 0 && !reader.IsWrong(one.Name)))
            {
                reader.Mistakes.Add($"{name}: with Store:S3:Endpoint it is wanted too.");
            }
        }
        else if (!reader.IsWrong("Store:S3:Endpoint"))
        {
            foreach (var (name, _) in needed.Append(("Store:S3:Prefix", s3.Prefix)).Where(one => one.Item2.Length > 0))
            {
                reader.Mistakes.Add($"{name}: without Store:S3:Endpoint there is no object store; set both or neither.");
            }
        }
    }
}
