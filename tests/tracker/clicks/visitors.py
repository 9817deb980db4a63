"""User agents of people's browsers and of machines, by name.

Version numbers and device names are modelled on what the products send; none was taken from a real visitor.
"""

_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = "Mozilla/5.0 (Linux; Android 15; {}) AppleWebKit/537.36 (KHTML, like Gecko)"
_WEBVIEW = "Version/4.0 Chrome/138 Mobile Safari/537.36"
_CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0"

PEOPLE = {
    "Safari on iPhone": (f"{_IPHONE} Version/18.5 Mobile/15E148 Safari/604.1", "phone"),
    "Chrome on iPhone": (f"{_IPHONE} CriOS/138.0.7204.119 Mobile/15E148 Safari/604.1", "phone"),
    "Google app on iPhone": (f"{_IPHONE} GSA/375.0.774 Mobile/15E148 Safari/604.1", "phone"),
    "Instagram on iPhone": (
        f"{_IPHONE} Mobile/15E148 Instagram 389.0.0.49.87 (iPhone14,5; iOS 18_5)",
        "phone",
    ),
    "Facebook on iPhone": (
        f"{_IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/520.0;FBDV/iPhone14,5;FBRV/0]",
        "phone",
    ),
    "TikTok on iPhone": (f"{_IPHONE} Mobile/15E148 musical_ly_40.4.0 BytedanceWebview/d8a21c6", "phone"),
    "Snapchat on iPhone": (
        f"{_IPHONE} Version/18.5 Mobile/15E148 Snapchat/13.45.0.49 (like Safari)",
        "phone",
    ),
    "Pinterest on iPhone": (f"{_IPHONE} Mobile/15E148 [Pinterest/iOS]", "phone"),
    "LinkedIn on iPhone": (f"{_IPHONE} Mobile/15E148 [LinkedInApp]/9.31.2466", "phone"),
    "Threads on iPhone": (f"{_IPHONE} Mobile/15E148 Barcelona 389.0.0.32.87 (iPhone14,5; iOS 18_5)", "phone"),
    "Chrome on Android": (f"{_ANDROID.format('K')} Chrome/138.0.0.0 Mobile Safari/537.36", "phone"),
    "Samsung Internet": (
        f"{_ANDROID.format('SM-S921B')} SamsungBrowser/28.0 Chrome/130 Mobile Safari/537.36",
        "phone",
    ),
    "Instagram on Android": (
        f"{_ANDROID.format('Pixel 8; wv')} {_WEBVIEW} Instagram 389",
        "phone",
    ),
    "Facebook on Android": (
        f"{_ANDROID.format('Pixel 8; wv')} {_WEBVIEW} [FB_IAB/FB4A;FBAV/520]",
        "phone",
    ),
    "TikTok on Android": (
        f"{_ANDROID.format('SM-A546; wv')} {_WEBVIEW} trill_40 BytedanceWebview/d8",
        "phone",
    ),
    "a phone by Cubot": (f"{_ANDROID.format('CUBOT_X70')} Chrome/138.0.0.0 Mobile Safari/537.36", "phone"),
    "Firefox on Android": ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "phone"),
    "Chrome on an Android tablet": (f"{_ANDROID.format('SM-X710')} Chrome/138.0.0.0 Safari/537.36", "tablet"),
    "Safari on iPad": (
        "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148",
        "tablet",
    ),
    "Chrome on Windows": (f"{_CHROME} Safari/537.36", "desktop"),
    "Edge on Windows": (f"{_CHROME} Safari/537.36 Edg/138.0.0.0", "desktop"),
    "Safari on a Mac": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15",
        "desktop",
    ),
    "Firefox on Linux": ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop"),
    "Chrome on a Chromebook": (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0",
        "desktop",
    ),
    "a television": (
        "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 Version/13.0 Safari",
        "other",
    ),
}
"""Name -> (user agent, device class)."""

PREVIEWS = {
    "Slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack's images": "Slack-ImgProxy (+https://api.slack.com/robots)",
    "Telegram": "TelegramBot (like TwitterBot)",
    "Discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp": "WhatsApp/2.25.20.74 A",
    "LinkedIn": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Teams": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "iMessage": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) "
        "Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
    ),
    "Mastodon": "Mastodon/4.3.8 (http.rb/5.2.0; +https://mastodon.example/)",
    "Bluesky": "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
}

CRAWLERS = {
    "Google": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Bing": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "GPT": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; "
        "+https://openai.com/gptbot)"
    ),
    "Ahrefs": "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "curl": "curl/8.9.1",
    "wget": "Wget/1.24.5",
    "requests": "python-requests/2.32.3",
    "Go": "Go-http-client/2.0",
    "headless Chrome": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/138.0.0.0",
    "nothing": "",
    "blanks": "   ",
}
